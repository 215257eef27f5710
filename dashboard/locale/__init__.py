"""Catalogues of languages beside English, as gettext has them; `i18n` reads them."""
