"""The Streamlit dashboard: router, views, queries; a view holds no logic."""
