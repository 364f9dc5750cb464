"""Operations, one family a file."""
