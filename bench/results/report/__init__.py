"""`bench report`: one HTML file of the records, with intervals, differences, costs, cases and the records' fields."""
