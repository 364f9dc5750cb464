"""DynamoDB's expression language: conditions and filters, key conditions, updates, projections.

    lexer → parser → nodes (conditions) | actions (updates) | paths (projections)

`binding` is what operations use: it takes a request's expressions with its names and values. Texts are parsed once and
kept, since applications send the same few.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""
