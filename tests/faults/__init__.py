"""Faults that systems of this kind have had, each as a test that fails if ours has it too. Asked over HTTP."""
