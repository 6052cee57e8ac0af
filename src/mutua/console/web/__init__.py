"""The web pages: one module per family of pages, templates and static files beside them."""
