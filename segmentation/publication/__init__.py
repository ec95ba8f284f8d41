"""Results as people read and send them: tables, figures and files, the same data the same bytes."""
