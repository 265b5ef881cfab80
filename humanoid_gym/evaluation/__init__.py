"""What a trained policy is worth: scenarios with confidence intervals, reports, a monitor."""
