"""What people do to their accounts, beside what django-allauth does."""
