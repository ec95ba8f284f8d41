"""Nothing of rating is in Django's admin: whoever could look there would not be blind any more."""
