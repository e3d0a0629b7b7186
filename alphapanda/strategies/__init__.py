"""Strategies: what they are to the stage, those that ship, how yours are found, and the stage that runs them."""
