# Reads YAML files, each a line of hexadecimal digits, and answers each with one line of words, separated by
# commas, each in hexadecimal digits of UTF-8: for every key of the outermost mapping its name, and the value with its kind in front.
require 'yaml'

$stdin.each_line do |line|
  text = [line.strip].pack('H*').force_encoding('UTF-8')
  # YAML.load_file opens a file as 'r:bom|utf-8'.
  document = YAML.safe_load(text.delete_prefix("\uFEFF"))
  words = document.flat_map do |key, value|
    [key.to_s, value.is_a?(String) ? "text #{value}" : "other #{value.inspect}"]
  end
  puts(words.map { |word| word.encode('UTF-8').unpack1('H*') }.join(','))
end
