"""The staff site: Unfold's, behind the same sign-in (and second factor) as everybody's."""

from allauth.account.decorators import secure_admin_login
from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):
    """Signs staff in through allauth, so that rate limits and second factors hold here too."""

    login = secure_admin_login(UnfoldAdminSite.login)
