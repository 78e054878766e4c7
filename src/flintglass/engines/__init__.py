"""Engines: programs become numbers; chosen by name, none sees a layer or another engine."""
