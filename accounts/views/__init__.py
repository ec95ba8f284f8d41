"""The pages of accounts. Those of django-allauth are in `doors`; plain forms, no scripts."""
