"""The leader's observer: it watches the nodes, keeps database groups healthy, and assigns responsible nodes."""
