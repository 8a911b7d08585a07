"""What README.md shows is what the commands say."""
