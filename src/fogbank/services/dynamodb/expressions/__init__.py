"""DynamoDB's expression language: conditions and filters, key conditions, updates, projections.

    lexer → parser → nodes (conditions) | actions (updates) | paths (projections)

Operations use `binding`: it combines a request's expressions with its names and values. Parsed expressions are
cached, since applications send the same few again and again.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""
