"""The API of cases and all that is made of them. `webapp.access` has decided who gets here."""
