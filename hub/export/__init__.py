"""Getting it out: CSV, PDF and FHIR for people who work with other programs."""
