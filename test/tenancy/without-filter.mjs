// For `node --import`: takes the organization out of every condition of every SQL statement, as a programmer might who
// forgets it. The parameter stays, so that the statement is still one.
import pg from 'pg';

const CONDITION = /((?:"?\w+"?\.)?"?\borg_id\b"?)\s*=\s*(\$\d+)(::uuid)?/gi;
const { query } = pg.Client.prototype;

pg.Client.prototype.query = function (statement, ...rest) {
  if (typeof statement === 'string') return query.call(this, unfiltered(statement), ...rest);
  if (typeof statement?.text === 'string') statement.text = unfiltered(statement.text);
  return query.call(this, statement, ...rest);
};

function unfiltered(sql) {
  return sql.replace(CONDITION, '($1 = $2$3 OR $2$3 IS NOT NULL)');
}
