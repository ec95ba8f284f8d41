"""People's accounts: signing in and its limits, passwords, invitations, tokens for scripts.

django-allauth does what is hard to get right (sign-in, reset, second factor); this app says how it
behaves here (`adapter`), writes what happened into the audit log (`trail`) and adds what allauth
lacks. Nobody can make an account for themselves, and no answer tells whether an account exists.
"""
