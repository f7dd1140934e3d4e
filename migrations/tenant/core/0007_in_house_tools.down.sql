drop table in_house_tools;
