"""What the sweeper leaves in the folder of a job, and what the job reports back."""
