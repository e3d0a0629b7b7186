"""How things look: glyphs, colours, and numbers and times as an Indian trading desk reads them."""
