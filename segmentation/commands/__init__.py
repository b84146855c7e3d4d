"""The `flask` commands, one module a subject. They call use cases and print; `segmentation.cli` registers them."""
