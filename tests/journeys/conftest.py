"""What every journey needs: a browser, the portal it walks through, and people in it."""
