"""The parts of a screen: panes with their frames, vital signs, charts, ladders, cards."""
