"""Pictures of predictions for people: contact sheets and masks over images."""
