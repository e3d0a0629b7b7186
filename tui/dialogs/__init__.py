"""What opens over a screen: help, commands, a row whole, a chain, questions."""
