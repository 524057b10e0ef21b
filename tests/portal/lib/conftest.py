from hypothesis import settings

# A busy machine is slow now and then; that's no finding about arithmetic.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
