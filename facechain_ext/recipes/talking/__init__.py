"""The talking portrait: a picture and a voice become a video, by the preview engine here or by a foreign program."""
