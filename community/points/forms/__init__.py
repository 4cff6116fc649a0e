"""The room's forms, by subject. In comes what people type; out go values that the services check once more."""
