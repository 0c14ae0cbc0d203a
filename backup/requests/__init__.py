"""What a client may ask of a node: one frozen class a request, each with what it answers and how it is refused."""
