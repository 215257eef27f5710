"""Browser-side parts that Streamlit does not have."""
