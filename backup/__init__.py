"""RavenDB's ongoing backup tasks, as an application of a cluster."""
