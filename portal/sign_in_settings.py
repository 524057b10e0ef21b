"""How people sign in; the same for every operator.

The traps behind these choices are told in docs/adr/0003-allauth.md.
"""

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.SubscriberBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email", "phone"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "phone", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD = "website"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = True
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_CHANGE = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# As long as the other codes: one SMS says it of all. Allauth would take this one for three minutes only.
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_PREVENT_ENUMERATION = True
# How long the link to a new password works. Its letter says so.
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "add_email": "accounts.forms.AddEmailForm",
    "change_email": "accounts.forms.ChangeEmailForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "confirm_login_code": "accounts.forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailVerificationCodeForm",
    "verify_phone": "accounts.forms.VerifyPhoneForm",
}
# Codes cost money and can be guessed three times each: a dozen an hour for one address, besides allauth's own limits.
# Links to a new password count as codes.
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "20/m/ip,3/m/key,12/h/key",
    # Opening an account, too, writes to whatever address or number was typed.
    "confirm_email": "1/10s/key,12/h/key",
    "verify_phone": "1/30s/key,3/m/ip,12/h/key",
    # Of one code, as long as it works: as often as allauth lets somebody be wrong.
    "code_guess": "3/15m/key",
    # Not about signing in, but counted by the same counter: what one person writes to support.
    "ticket": "20/h/user",
    # Files with an application: looking into one costs seconds, whatever becomes of it.
    "upload": "60/h/user",
    # Who says whether an article helped has one voice a session, and sessions are easy to get.
    "article_opinion": "30/h/ip",
    # Several devices, each every quarter of an hour; and who guesses.
    "calendar": "120/h/key",
    "calendar_unknown": "60/h/ip",
    # Payers without an account, and who guesses links.
    "pay_link": "120/m/ip",
    "pay_link_begin": "10/m/ip,60/h/ip",
    # Programs that send usage: few requests with many records each; and who guesses.
    "usage_api": "600/m/key",
    "api_unknown": "60/m/ip",
}
ALLAUTH_RATE_LIMIT_IPV6_PREFIX = 64
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TRUST_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "accounts.second_factors.SecondStepForm",
    "reauthenticate": "accounts.second_factors.ConfirmForm",
    "activate_totp": "accounts.second_factors.AddAppForm",
    "add_webauthn": "accounts.passkeys.AddPasskeyForm",
    "login_webauthn": "accounts.passkeys.PasskeySignInForm",
    "authenticate_webauthn": "accounts.passkeys.PasskeySecondStepForm",
    "reauthenticate_webauthn": "accounts.passkeys.PasskeyConfirmForm",
}
# Off, and its middleware left out: it would write to the database on every page for an address that the sign-in
# already recorded.
USERSESSIONS_TRACK_ACTIVITY = False
USERSESSIONS_ADAPTER = "accounts.adapter.SessionsAdapter"
