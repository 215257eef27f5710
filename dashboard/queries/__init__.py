"""What the pages ask: read models of one topic each. No page reads a store or a database itself."""
