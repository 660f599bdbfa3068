/**
 * Stands in for @rjsf/validator-ajv8, which @rjsf/core names in a helper for its own tests. AJV compiles schemas with
 * `new Function`, which our content security policy forbids (and where it is forbidden, it judges wrongly).
 */
export default null;
