"""The formats of backup files: logical backups, snapshots, manifests, compression, encryption and names."""
