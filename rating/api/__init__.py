"""The API of both kinds of study. `webapp.access` has decided who gets here."""
