"""Figures, printed as they come, and whether each is what it must be."""

import sys
import traceback


class Report:
    """A gate is a figure that must have one value; a control is the same without the protection, and must go wrong."""

    def __init__(self) -> None:
        self._held = 0
        self._missed = 0
        self._unprovoked: list[str] = []

    def figure(self, name: str, value: object, unit: str) -> None:
        sys.stdout.write(f"FIGURE {name} {value} {unit}\n")
        sys.stdout.flush()

    def gate(self, name: str, value: int, unit: str, *, exactly: int) -> None:
        self.figure(name, value, unit)
        self._judge(value == exactly, f"{name} is {value} {unit}, and must be {exactly}")

    def at_least(self, name: str, value: float, unit: str, *, least: float) -> None:
        self.figure(name, f"{value:.2f}", unit)
        self._judge(value >= least, f"{name} is {value:.2f} {unit}, and must be {least} or more")

    def at_most(self, name: str, value: float, unit: str, *, most: float) -> None:
        self.figure(name, f"{value:.3g}", unit)
        self._judge(value <= most, f"{name} is {value:.3g} {unit}, and must be {most} or less")

    def control(
        self, name: str, value: int, unit: str, *, more_than: int | None = None, fewer_than: int | None = None
    ) -> None:
        """Report what came of it without the protection: the harm must be there, and not something else."""
        self.figure(f"{name}_control", value, unit)
        went_wrong = (more_than is not None and value > more_than) or (fewer_than is not None and value < fewer_than)
        if went_wrong:
            self._held += 1
        else:
            self._unprovoked.append(f"{name} is {value} {unit} without the protection: the fault was not provoked")

    def take_unprovoked(self) -> list[str]:
        """Return what the controls since the last call did not provoke: chance, or a control that proves nothing."""
        unprovoked, self._unprovoked = self._unprovoked, []
        return unprovoked

    def miss(self, sentence: str) -> None:
        self._judge(False, sentence)  # noqa: FBT003

    def broke_off(self, name: str) -> None:
        """Count a module that raised as one that missed, and print what it raised."""
        traceback.print_exc()
        self.miss(f"{name} broke off")

    def explain(self, sentence: str) -> None:
        sys.stderr.write(f"  {sentence}\n")

    def close(self) -> int:
        """Print the totals and return the exit code."""
        sys.stdout.write(f"{self._held} passed, {self._missed} failed\n")
        return 1 if self._missed else 0

    def _judge(self, holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads as "judge whether it holds"
        self._held += holds
        self._missed += not holds
        if not holds:
            sys.stderr.write(f"MISSED {sentence}\n")
