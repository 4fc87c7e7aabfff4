"""Between engine and tracker: the session, rendering, politeness and the connection itself."""
