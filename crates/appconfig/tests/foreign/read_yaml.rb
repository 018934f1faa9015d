# Reads YAML files, each a line of hexadecimal digits, and answers each with one line of words, separated by
# commas, each in hexadecimal digits of UTF-8: for every key of the outermost mapping its name, and the value with
# its kind in front. The word "refused" alone answers a file in which Psych finds no mapping.
require 'yaml'

def words_of(text)
  # YAML.load_file opens a file as 'r:bom|utf-8'.
  document = YAML.unsafe_load(text.delete_prefix("\uFEFF"))
  return ['refused'] unless document.is_a?(Hash)

  document.flat_map { |key, value| [key.to_s, value.is_a?(String) ? "text #{value}" : "other #{value.inspect}"] }
rescue Psych::Exception, ArgumentError
  ['refused']
end

$stdin.each_line do |line|
  text = [line.strip].pack('H*').force_encoding('UTF-8')
  puts(words_of(text).map { |word| word.encode('UTF-8').unpack1('H*') }.join(','))
end
