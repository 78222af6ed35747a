"""Sound and video files, by ffmpeg and OpenCV, and words spoken by speech programs."""
