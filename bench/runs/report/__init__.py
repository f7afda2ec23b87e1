"""`bench report`: what the report shows beside the records is gathered here: classes, curves, pictures."""
