"""The reproduction report: the paper's figures beside ours, with a verdict for each."""
