"""The page's own style rules; colours come from the host's theme, light or dark."""

CSS = """
.facechain-columns { align-items: flex-start; }
.facechain-note { margin: 4px 0; }
.facechain-progress { position: relative; height: 24px; border-radius: 4px; overflow: hidden;
  border: 1px solid var(--border-color-primary); }
.facechain-progress div { height: 100%; background: var(--color-accent, #f97316); opacity: .55; }
.facechain-progress span { position: absolute; left: 8px; top: 2px; font-size: 13px; }
.facechain-table { width: 100%; border-collapse: collapse; font-size: 13px; }
.facechain-table td, .facechain-table th { padding: 2px 6px; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--border-color-primary); }
"""
