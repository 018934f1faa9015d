# Operators
