"""Forms about the account."""

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import RequestLoginCodeForm as AllauthRequestLoginCodeForm


class LoginForm(AllauthLoginForm):
    pass


class RequestLoginCodeForm(AllauthRequestLoginCodeForm):
    pass


class ChangePasswordForm(AllauthChangePasswordForm):
    pass
