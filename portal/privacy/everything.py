"""All rows that are about somebody, in the order in which they can be removed."""

from portal.privacy.about_accounts import ACCOUNTS
from portal.privacy.about_lines import LINES
from portal.privacy.about_money import MONEY

EVERYTHING = (*MONEY, *LINES, *ACCOUNTS)
