"""A cluster's databases go to a newer cluster, and back, while clients write. docs/ops_major_upgrade.md of the source tree has the design."""
